# The document that `credrender policy` writes, statement by statement; go doc
# of internal/policy says what each is for. Made with jsonencode rather than
# aws_iam_policy_document: that one turns &{ of a name into ${.

locals {
  # $, * and ? mean something to IAM; each as a variable stands for itself:
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
  wanted = {
    names            = var.names
    prefixes         = var.prefixes
    version_names    = var.version_names
    version_prefixes = var.version_prefixes
  }
  escaped = { for what, list in local.wanted : what => [
    for s in list : replace(replace(replace(s, "$", "$${$}"), "*", "$${*}"), "?", "$${?}")
  ] }

  newest  = concat(local.escaped.names, [for p in local.escaped.prefixes : "${p}*"])
  version = concat(local.escaped.version_names, [for p in local.escaped.version_prefixes : "${p}*"])

  # Null beside ForAllValues, which holds for a request without the key too.
  only_newest = {
    "ForAllValues:${length(var.prefixes) == 0 ? "StringEquals" : "StringLike"}" = {
      "dynamodb:LeadingKeys" = sort(distinct(local.newest))
    }
    Null = { "dynamodb:LeadingKeys" = "false" }
  }
  only_version = {
    "ForAllValues:${length(var.version_prefixes) == 0 ? "StringEquals" : "StringLike"}" = {
      "dynamodb:LeadingKeys" = sort(distinct(local.version))
    }
    Null = { "dynamodb:LeadingKeys" = "false" }
  }

  reads = concat(
    length(local.newest) == 0 ? [] : [jsonencode({
      Sid       = "ReadNewest"
      Effect    = "Allow"
      Action    = ["dynamodb:Query"]
      Resource  = [var.table_arn]
      Condition = local.only_newest
    })],
    length(local.version) == 0 ? [] : [jsonencode({
      Sid       = "ReadVersions"
      Effect    = "Allow"
      Action    = ["dynamodb:GetItem"]
      Resource  = [var.table_arn]
      Condition = local.only_version
    })],
    !var.scan ? [] : [jsonencode({
      Sid      = "ScanTable"
      Effect   = "Allow"
      Action   = ["dynamodb:Scan"]
      Resource = [var.table_arn]
    })],
  )
  writes = length(local.newest) == 0 ? [] : [jsonencode({
    Sid       = "WriteSecrets"
    Effect    = "Allow"
    Action    = ["dynamodb:PutItem", "dynamodb:Query"]
    Resource  = [var.table_arn]
    Condition = local.only_newest
  })]
}

locals {
  sid    = var.access == "read" ? "Decrypt" : "MakeDataKeys"
  action = var.access == "read" ? "kms:Decrypt" : "kms:GenerateDataKey"

  # A statement for each context: the pairs of two in one would allow mixtures.
  # By what the pairs read as, and by the pairs themselves where two read alike.
  contexts = { for c in distinct(var.contexts) :
  "${join(" ", [for k in sort(keys(c)) : "${k}=${c[k]}"])}\n${jsonencode(c)}" => c }
  exactly = [for c in values(local.contexts) : length(c) == 0 ? jsonencode({
    Null = { "kms:EncryptionContextKeys" = "true" }
    }) : jsonencode({
    StringEquals = { for k, v in c : "kms:EncryptionContext:${k}" =>
    [replace(replace(replace(v, "$", "$${$}"), "*", "$${*}"), "?", "$${?}")] }
    "ForAllValues:StringEquals" = { "kms:EncryptionContextKeys" = sort([for k in keys(c) :
    replace(replace(replace(k, "$", "$${$}"), "*", "$${*}"), "?", "$${?}")]) }
  })]

  any = { Sid = local.sid, Effect = "Allow", Action = [local.action], Resource = [var.kms_key_arn] }
  on_key = var.kms_key_arn == null ? [] : var.any_context ? [jsonencode(local.any)] : [
    for i, condition in local.exactly : jsonencode(merge(local.any, {
      Sid       = "${local.sid}${i == 0 ? "" : i + 1}"
      Condition = jsondecode(condition)
    }))
  ]

  # Statements are strings up to here, since the elements of a list must be of
  # one type.
  json = jsonencode({
    Version   = "2012-10-17"
    Statement = [for s in concat(var.access == "read" ? local.reads : local.writes, local.on_key) : jsondecode(s)]
  })
}
