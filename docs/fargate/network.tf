resource "aws_security_group" "task" {
  name        = "${var.name}-task"
  description = "Tasks of rdsrestore: nobody reaches them"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "everywhere" {
  security_group_id = aws_security_group.task.id
  description       = "production, the copy, the file system, and AWS's services"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

# the copy lets the task in by a rule that each run makes and removes by itself
resource "aws_vpc_security_group_ingress_rule" "production" {
  count                        = var.database_security_group_id != null ? 1 : 0
  security_group_id            = var.database_security_group_id
  description                  = "tasks of rdsrestore"
  referenced_security_group_id = aws_security_group.task.id
  ip_protocol                  = "tcp"
  from_port                    = var.database_port
  to_port                      = var.database_port
}
