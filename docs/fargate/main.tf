# A task that runs rdsrestore beside the database: see ../fargate.md.

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  home       = "/var/lib/rdsrestore"
  switch_arn = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${var.name}-switch"
  settings = {
    RDSRESTORE_INSTANCE      = var.instance
    RDSRESTORE_DATABASE      = var.database
    RDSRESTORE_USER          = var.user
    RDSRESTORE_SWITCH_ROLE   = local.switch_arn
    RDSRESTORE_SLACK_CHANNEL = var.slack_channel
    RDSRESTORE_AUDIT_BUCKET  = var.audit_bucket
  }
  secrets = {
    RDSRESTORE_PASSWORD    = var.password_secret_arn
    RDSRESTORE_SLACK_TOKEN = var.slack_token_secret_arn
  }
  # the ARN of a secret has seven parts; what follows names a key in it
  secret_arns = [for arn in compact(values(local.secrets)) : join(":", slice(split(":", arn), 0, 7))]
  kept        = var.file_system_id != null
}

resource "aws_ecs_cluster" "this" {
  name = var.name
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  ephemeral_storage {
    size_in_gib = var.ephemeral_storage
  }

  dynamic "volume" {
    for_each = local.kept ? [var.file_system_id] : []
    content {
      name = "runs"
      efs_volume_configuration {
        file_system_id     = volume.value
        transit_encryption = "ENABLED"
        authorization_config {
          access_point_id = aws_efs_access_point.runs[0].id
          iam             = "ENABLED"
        }
      }
    }
  }

  container_definitions = jsonencode([{
    name            = "rdsrestore"
    image           = var.image
    essential       = true
    command         = ["rdsrestore", "doctor"]
    user            = "10001:10001"
    stopTimeout     = 120 # the most that Fargate gives; the switch deletes what is not deleted by then
    linuxParameters = { initProcessEnabled = true }
    environment     = [for key, value in local.settings : { name = key, value = value } if value != null]
    secrets         = [for key, arn in local.secrets : { name = key, valueFrom = arn } if arn != null]
    mountPoints     = local.kept ? [{ sourceVolume = "runs", containerPath = local.home, readOnly = false }] : []
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = data.aws_region.current.name
        awslogs-stream-prefix = "run"
      }
    }
  }])
}

resource "aws_efs_access_point" "runs" {
  count          = local.kept ? 1 : 0
  file_system_id = var.file_system_id

  posix_user {
    uid = 10001
    gid = 10001
  }

  root_directory {
    path = "/${var.name}"
    creation_info {
      owner_uid   = 10001
      owner_gid   = 10001
      permissions = "0700"
    }
  }
}
