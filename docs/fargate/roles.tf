# The policies in policies/ are what `rdsrestore iam-policy` prints; a test keeps them so.

data "aws_iam_policy_document" "ecs" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

# what the run itself may do
resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  assume_role_policy = data.aws_iam_policy_document.ecs.json
}

resource "aws_iam_role_policy" "operator" {
  name   = "restore"
  role   = aws_iam_role.task.id
  policy = templatefile("${path.module}/policies/operator.json", { switch_role = local.switch_arn })
}

data "aws_iam_policy_document" "around" {
  statement {
    sid       = "TakeATerminal"
    actions   = [for verb in ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"] : "ssmmessages:${verb}"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = aws_efs_access_point.runs
    content {
      sid       = "KeepTheRuns"
      actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
      resources = [statement.value.file_system_arn]
    }
  }

  dynamic "statement" {
    for_each = var.audit_bucket != null ? [var.audit_bucket] : []
    content {
      sid       = "KeepTheAuditLog"
      actions   = ["s3:PutObject"]
      resources = ["arn:${data.aws_partition.current.partition}:s3:::${statement.value}/rdsrestore/*"]
    }
  }
}

resource "aws_iam_role_policy" "around" {
  name   = "around"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.around.json
}

# by which AWS's scheduler deletes the copy where no task can any more
resource "aws_iam_role" "switch" {
  name               = "${var.name}-switch"
  assume_role_policy = file("${path.module}/policies/trust.json")
}

resource "aws_iam_role_policy" "switch" {
  name   = "delete-the-copy"
  role   = aws_iam_role.switch.id
  policy = file("${path.module}/policies/switch.json")
}

# by which ECS itself fetches the image and the secrets, and writes the log
resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = data.aws_iam_policy_document.ecs.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy_document" "secrets" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = local.secret_arns
  }

  dynamic "statement" {
    for_each = var.secrets_kms_key_arn != null ? [var.secrets_kms_key_arn] : []
    content {
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role_policy" "secrets" {
  name   = "secrets"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.secrets.json
}
