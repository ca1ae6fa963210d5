output "json" {
  value       = local.json
  description = "The policy document, for a role policy or a managed policy."
}
