output "url" {
  value       = "https://${aws_instance.web.public_dns}/"
  description = "The site, once the secrets are put; its certificate is for server_name."
}

output "put_cmd" {
  value       = module.setup.put_cmd
  description = "How secrets are put, by somebody with write access and GenerateDataKey."
}

output "get_cmd" {
  value       = module.setup.get_cmd
  description = "How a secret is read back."
}
