locals {
  roles = merge(
    { for k, r in var.readers : "reader-${k}" => merge(r, { access = "read" }) },
    { for k, r in var.writers : "writer-${k}" => merge(r, { access = "write", version_names = [], version_prefixes = [], scan = false }) },
  )
  stated = { for k, r in local.roles : k => r.scan || length(concat(r.names, r.prefixes, r.version_names, r.version_prefixes)) > 0 }
  own    = { for k, r in local.roles : k => r if local.stated[k] }
  shared = { for k, r in local.roles : k => r if !local.stated[k] }

  # One grant for each role and context. Its key names the context, so that an
  # other context is another grant, and the order of contexts does not matter.
  grants = merge([for k, r in local.roles : {
    for c in concat(r.contexts, r.any_context ? [{}] : []) :
    "${k}/${substr(sha256(jsonencode({ context = c, match = r.match })), 0, 12)}" => {
      role    = r
      context = c
    }
  }]...)
}

# Revoked by its own id when it goes: grants of other makers on the same key
# stay. A new role that KMS does not know yet is waited for by the provider.
resource "aws_kms_grant" "this" {
  for_each = local.grants

  name              = "credrender-terraform/${each.key}"
  key_id            = var.kms_key_arn
  grantee_principal = each.value.role.role_arn
  operations        = each.value.role.access == "read" ? ["Decrypt"] : ["GenerateDataKey"]

  dynamic "constraints" {
    for_each = each.value.role.any_context ? [] : [each.value]
    content {
      encryption_context_equals = constraints.value.role.match == "equals" ? constraints.value.context : null
      encryption_context_subset = constraints.value.role.match == "subset" ? constraints.value.context : null
    }
  }
}

module "policy" {
  source   = "../credrender-policy"
  for_each = local.own

  table_arn        = var.table_arn
  access           = each.value.access
  names            = each.value.names
  prefixes         = each.value.prefixes
  version_names    = each.value.version_names
  version_prefixes = each.value.version_prefixes
  scan             = each.value.scan
}

resource "aws_iam_role_policy" "own" {
  for_each = local.own

  name   = "credrender-${each.key}"
  role   = regex("[^/]+$", each.value.role_arn) # a role's path is no part of its name
  policy = module.policy[each.key].json

  lifecycle {
    precondition {
      condition     = var.table_arn != null
      error_message = "A role that states names or prefixes needs table_arn."
    }
  }
}

resource "aws_iam_role_policy_attachment" "shared" {
  for_each = local.shared

  role       = regex("[^/]+$", each.value.role_arn)
  policy_arn = each.value.access == "read" ? var.reader_policy_arn : var.writer_policy_arn

  lifecycle {
    precondition {
      condition     = (each.value.access == "read" ? var.reader_policy_arn : var.writer_policy_arn) != null
      error_message = "A role without names and prefixes needs reader_policy_arn or writer_policy_arn."
    }
  }
}
