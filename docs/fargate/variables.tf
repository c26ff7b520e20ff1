variable "name" {
  description = "Name of the task definition, the cluster, the log group and, with a suffix, of the roles."
  type        = string
  default     = "rdsrestore"
}

variable "image" {
  description = "The image that scripts/image has built, where the account can fetch it."
  type        = string
}

variable "vpc_id" {
  description = "The VPC in which production can be reached."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets for the task, with a way to AWS's services: a NAT gateway, or endpoints of the VPC."
  type        = list(string)
}

variable "database_security_group_id" {
  description = "Production's security group, which gets a rule for the task; null where it lets the subnets in already."
  type        = string
  default     = null
}

variable "database_port" {
  description = "Production's port."
  type        = number
  default     = 3306
}

variable "instance" {
  description = "The RDS instance that holds the tables (RDSRESTORE_INSTANCE)."
  type        = string
}

variable "database" {
  description = "The database that holds the tables (RDSRESTORE_DATABASE)."
  type        = string
}

variable "user" {
  description = "The login on production (RDSRESTORE_USER)."
  type        = string
}

variable "password_secret_arn" {
  description = "A secret of Secrets Manager that holds the password and nothing else, or a key of one as ARN:password::."
  type        = string
}

variable "slack_token_secret_arn" {
  description = "A secret that holds Slack's bot token; null for no Slack."
  type        = string
  default     = null
}

variable "slack_channel" {
  description = "The channel that is told, with slack_token_secret_arn."
  type        = string
  default     = null
}

variable "secrets_kms_key_arn" {
  description = "The key that encrypts these secrets, where it is your own."
  type        = string
  default     = null
}

variable "file_system_id" {
  description = "An EFS file system that keeps the runs' folders: journal, dumps and undo files. Null keeps them in the task, whose end they do not outlive: resume and undo are then not possible."
  type        = string
  default     = null
}

variable "audit_bucket" {
  description = "A bucket that gets a copy of each journal (RDSRESTORE_AUDIT_BUCKET); null for none."
  type        = string
  default     = null
}

variable "cpu" {
  description = "CPU units of the task."
  type        = number
  default     = 1024
}

variable "memory" {
  description = "Memory of the task in MiB."
  type        = number
  default     = 2048
}

variable "ephemeral_storage" {
  description = "Disk of the task in GiB, from 21 to 200; dumps lie there where file_system_id is null."
  type        = number
  default     = 50
}

variable "cpu_architecture" {
  description = "X86_64 or ARM64: that of the machine on which scripts/image ran."
  type        = string
  default     = "X86_64"
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the log."
  type        = number
  default     = 365
}
