output "cluster" {
  description = "The cluster in which tasks are started."
  value       = aws_ecs_cluster.this.name
}

output "log_group" {
  description = "Where each run's output is."
  value       = aws_cloudwatch_log_group.this.name
}

output "security_group_id" {
  description = "The tasks' security group; the file system's has to let it in at port 2049."
  value       = aws_security_group.task.id
}

output "network" {
  description = "What aws ecs run-task takes as --network-configuration."
  value       = "awsvpcConfiguration={subnets=[${join(",", var.subnet_ids)}],securityGroups=[${aws_security_group.task.id}],assignPublicIp=DISABLED}"
}
