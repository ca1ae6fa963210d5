output "kms_key_arn" {
  value       = local.key_arn
  description = "ARN of the key, for credrender-grant."
}

output "kms_key_id" {
  value       = local.key_id
  description = "Id of the key."
}

output "kms_key_alias" {
  value       = local.alias
  description = "Alias of the key, for credrender --key."
}

output "kms_key_alias_arn" {
  value       = local.alias_arn
  description = "ARN of the alias."
}

output "db_table_arn" {
  value       = local.table_arn
  description = "ARN of the table, for credrender-grant."
}

output "db_table_name" {
  value       = var.db_table_name
  description = "Name of the table, for credrender --table."
}

output "reader_policy_arn" {
  value       = try(aws_iam_policy.this["reader"].arn, null)
  description = "ARN of the reader policy; null without create_reader_policy."
}

output "writer_policy_arn" {
  value       = try(aws_iam_policy.this["writer"].arn, null)
  description = "ARN of the writer policy; null without create_writer_policy."
}

output "get_cmd" {
  value       = "credrender --region ${local.region} --table ${var.db_table_name} get"
  description = "Shell command that prints a secret; NAME [KEY=VALUE]... follow."
}

output "put_cmd" {
  value       = "credrender --region ${local.region} --table ${var.db_table_name} --key ${local.alias} put"
  description = "Shell command that stores a secret; NAME @FILE [KEY=VALUE]... follow."
}

output "install_snippet" {
  value = var.binary_url == null ? null : templatefile("${path.module}/install.sh.tftpl", {
    url    = var.binary_url
    sha256 = var.binary_sha256
  })
  description = "Lines for a shell script under set -e that install the binary as /usr/local/bin/credrender; null without binary_url."

  precondition {
    condition     = (var.binary_url == null) == (var.binary_sha256 == null)
    error_message = "binary_url and binary_sha256 go together: what is installed as root is checked."
  }
  precondition {
    condition     = var.binary_url == null ? true : length(regexall("'", var.binary_url)) == 0
    error_message = "binary_url must not contain a quote."
  }
}
