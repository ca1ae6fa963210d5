variable "table_arn" {
  type        = string
  description = "ARN of the DynamoDB table of secrets."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the KMS key, for statements that let the role use it with the contexts below. Null: none, since grants give that right (credrender-grant)."
}

variable "access" {
  type        = string
  default     = "read"
  description = "read: to fetch secrets and decrypt them. write: to put the next version."

  validation {
    condition     = contains(["read", "write"], var.access)
    error_message = "Must be read or write."
  }
}

variable "names" {
  type        = list(string)
  default     = []
  description = "Names of secrets, whole; no character in them is a wildcard. A reader gets their newest version."
}

variable "prefixes" {
  type        = list(string)
  default     = []
  description = "How names may begin, no wildcards either: web. allows all that begin with it, an empty one every name."
}

variable "version_names" {
  type        = list(string)
  default     = []
  description = "Names of which a reader asks for stated versions (secretVersion, get -v)."
}

variable "version_prefixes" {
  type        = list(string)
  default     = []
  description = "The same, as prefixes."
}

variable "scan" {
  type        = bool
  default     = false
  description = "Whether a reader may read the whole table (secrets PATTERN, list, getall): IAM cannot limit that to some names."
}

variable "contexts" {
  type        = list(map(string))
  default     = []
  description = "Encryption contexts, each allowed as a whole and with nothing added; {} is none at all. Needs kms_key_arn."

  validation {
    condition     = alltrue([for c in var.contexts : length(distinct([for k in keys(c) : lower(k)])) == length(c)])
    error_message = "Keys of a context that differ in case alone: IAM takes them for one."
  }
}

variable "any_context" {
  type        = bool
  default     = false
  description = "Whether every context is allowed, in place of those above."
}
