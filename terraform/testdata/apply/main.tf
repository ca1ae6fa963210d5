# Every kind of role in one account, for an apply against the fake of
# test/interop/tfaws.
terraform {
  required_version = ">= 1.3.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

resource "aws_iam_role" "app" {
  for_each = toset(["web", "all", "ops", "deploy"])

  name               = each.key
  assume_role_policy = "{}"
}

module "setup" {
  source = "../../modules/credrender-setup"

  create_reader_policy = true
  create_writer_policy = true
  provisioned          = { read = 5, write = 1 }
  table_kms_key_arn    = "arn:aws:kms:eu-west-1:123456789012:key/table"
  tags                 = { team = "ops" }
}

module "found" {
  source = "../../modules/credrender-setup"

  create_kms_key  = false
  create_db_table = false
}

module "grant" {
  source = "../../modules/credrender-grant"

  kms_key_arn       = module.setup.kms_key_arn
  table_arn         = module.setup.db_table_arn
  reader_policy_arn = module.setup.reader_policy_arn
  writer_policy_arn = module.setup.writer_policy_arn

  readers = {
    web = {
      role_arn = aws_iam_role.app["web"].arn
      names    = ["web.key"]
      contexts = [{ env = "prod", service = "web" }, { env = "prod" }]
    }
    all = { role_arn = aws_iam_role.app["all"].arn, any_context = true }
    ops = { role_arn = aws_iam_role.app["ops"].arn, scan = true, match = "subset", contexts = [{ env = "prod" }] }
  }
  writers = {
    web = { role_arn = aws_iam_role.app["deploy"].arn, contexts = [{ env = "prod" }] }
  }
}

output "found" {
  value       = module.found
  description = "All outputs of a table and key that were there."
}

output "grants" {
  value       = length(module.grant.grant_ids)
  description = "How many grants there are."
}
