resource "aws_kms_key" "this" {
  count = var.create_kms_key ? 1 : 0

  description             = "Secrets in the DynamoDB table ${var.db_table_name}"
  enable_key_rotation     = var.enable_key_rotation
  multi_region            = var.multi_region
  deletion_window_in_days = var.deletion_window_in_days
  policy                  = var.kms_key_policy
  tags                    = var.tags

  # Without the key every secret is lost, backups of the table included.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "this" {
  count = var.create_kms_key ? 1 : 0

  name          = "alias/${var.kms_key_name}"
  target_key_id = aws_kms_key.this[0].key_id
}

data "aws_kms_alias" "this" {
  count = var.create_kms_key ? 0 : 1

  name = "alias/${var.kms_key_name}"
}

resource "aws_dynamodb_table" "this" {
  count = var.create_db_table ? 1 : 0

  name                        = var.db_table_name
  billing_mode                = var.provisioned == null ? "PAY_PER_REQUEST" : "PROVISIONED"
  read_capacity               = try(var.provisioned.read, null)
  write_capacity              = try(var.provisioned.write, null)
  hash_key                    = "name"
  range_key                   = "version"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "name"
    type = "S"
  }

  attribute {
    name = "version"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  dynamic "server_side_encryption" {
    for_each = var.table_kms_key_arn == null ? [] : [var.table_kms_key_arn]
    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

data "aws_dynamodb_table" "this" {
  count = var.create_db_table ? 0 : 1

  name = var.db_table_name
}

locals {
  key_arn   = var.create_kms_key ? aws_kms_key.this[0].arn : data.aws_kms_alias.this[0].target_key_arn
  key_id    = var.create_kms_key ? aws_kms_key.this[0].key_id : data.aws_kms_alias.this[0].target_key_id
  alias     = "alias/${var.kms_key_name}"
  alias_arn = var.create_kms_key ? aws_kms_alias.this[0].arn : data.aws_kms_alias.this[0].arn
  table_arn = var.create_db_table ? aws_dynamodb_table.this[0].arn : data.aws_dynamodb_table.this[0].arn

  # arn:aws:dynamodb:REGION:ACCOUNT:table/NAME. The attribute of
  # data.aws_region that holds it has another name since provider 6.
  region = split(":", local.table_arn)[3]
}

# Neither policy has a right to the key: grants give that, with a context.
module "policy" {
  source = "../credrender-policy"
  for_each = merge(
    var.create_reader_policy ? { reader = var.reader_prefixes } : {},
    var.create_writer_policy ? { writer = var.writer_prefixes } : {},
  )

  table_arn        = local.table_arn
  access           = each.key == "reader" ? "read" : "write"
  prefixes         = each.value
  version_prefixes = each.key == "reader" ? each.value : []
}

resource "aws_iam_policy" "this" {
  for_each = module.policy

  name        = "${var.db_table_name}-${each.key}"
  description = "A ${each.key} of the DynamoDB table ${var.db_table_name}, without a right to its key"
  policy      = each.value.json
  tags        = var.tags
}
