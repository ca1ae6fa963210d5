output "grant_ids" {
  value       = { for k, g in aws_kms_grant.this : k => g.grant_id }
  description = "Ids of the grants, by role and context."
}

output "grant_tokens" {
  value       = { for k, g in aws_kms_grant.this : k => g.grant_token }
  sensitive   = true
  description = "Tokens with which a grant can be used before it is known everywhere, some minutes."
}

output "role_policies" {
  value       = { for k, m in module.policy : k => m.json }
  description = "The policy documents of roles that state names or prefixes."
}
