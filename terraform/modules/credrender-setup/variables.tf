variable "create_kms_key" {
  type        = bool
  default     = true
  description = "Whether to make the key and its alias. False: the alias is there already and is looked up."
}

variable "kms_key_name" {
  type        = string
  default     = "credstash"
  description = "The key's alias, without alias/."

  validation {
    condition     = can(regex("^[A-Za-z0-9/_-]+$", var.kms_key_name)) && !startswith(var.kms_key_name, "aws/")
    error_message = "An alias has letters, digits, /, _ and -, and must not begin with aws/."
  }
}

variable "enable_key_rotation" {
  type        = bool
  default     = true
  description = "Whether KMS gives the key new material each year. What was encrypted before stays readable."
}

variable "multi_region" {
  type        = bool
  default     = false
  description = "Whether the key can have replicas in other regions. Cannot be changed later."
}

variable "deletion_window_in_days" {
  type        = number
  default     = 30
  description = "Days between the deletion of the key and the end of every secret in the table, 7 to 30."

  validation {
    condition     = var.deletion_window_in_days >= 7 && var.deletion_window_in_days <= 30
    error_message = "KMS takes 7 to 30."
  }
}

variable "kms_key_policy" {
  type        = string
  default     = null
  description = "The key's policy, JSON. Null: AWS's default, by which IAM policies of the account decide."
}

variable "create_db_table" {
  type        = bool
  default     = true
  description = "Whether to make the table. False: it is there already and is looked up."
}

variable "db_table_name" {
  type        = string
  default     = "credential-store"
  description = "Name of the DynamoDB table."
}

variable "provisioned" {
  type        = object({ read = number, write = number })
  default     = null
  description = "Capacity units, for a table with provisioned capacity. Null: on demand, which a fleet that wakes at the same minute needs."
}

variable "deletion_protection" {
  type        = bool
  default     = true
  description = "Whether DynamoDB refuses to delete the table."
}

variable "table_kms_key_arn" {
  type        = string
  default     = null
  description = "Key for the table's encryption at rest. Null: DynamoDB's own, without cost; the values are encrypted before they get there."
}

variable "create_reader_policy" {
  type        = bool
  default     = false
  description = "Whether to make a managed policy that reads the table, for roles of credrender-grant that state no names."
}

variable "create_writer_policy" {
  type        = bool
  default     = false
  description = "Whether to make a managed policy that puts into the table."
}

variable "reader_prefixes" {
  type        = list(string)
  default     = [""]
  description = "What the names that the reader policy allows begin with. The default allows every name, though not to list them."
}

variable "writer_prefixes" {
  type        = list(string)
  default     = [""]
  description = "The same for the writer policy."
}

variable "binary_url" {
  type        = string
  default     = null
  description = "Where install_snippet gets the credrender binary for Linux: a place of your own, such as a bucket."
}

variable "binary_sha256" {
  type        = string
  default     = null
  description = "SHA-256 of that binary, hex. Must be stated with binary_url."

  validation {
    condition     = var.binary_sha256 == null || can(regex("^[0-9a-f]{64}$", var.binary_sha256))
    error_message = "Must be 64 hex digits, lower case."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the key, the table and the policies."
}
