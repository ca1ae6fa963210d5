variable "region" {
  type        = string
  description = "AWS region of everything here."
}

variable "binary_url" {
  type        = string
  description = "Where the instance gets the credrender binary: make build, then a bucket of yours. https, readable by the instance."
}

variable "binary_sha256" {
  type        = string
  description = "SHA-256 of that binary, as sha256sum prints it."
}

variable "server_name" {
  type        = string
  default     = "www.example.com"
  description = "The name in the certificate that visitors see."
}

variable "upstream" {
  type        = string
  default     = "app.internal.example.com:8443"
  description = "The application, HOST:PORT; HOST is the name in its certificate."
}

variable "instance_type" {
  type        = string
  default     = "t3.micro"
  description = "Type of the instance, x86-64 as the binary is."
}

variable "allowed_cidrs" {
  type        = list(string)
  description = "Who may reach the site, such as [\"203.0.113.0/24\"]."
}
