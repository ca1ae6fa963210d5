variable "kms_key_arn" {
  type        = string
  description = "ARN of the key that the grants are on: credrender-setup's kms_key_arn. An alias is not enough for a grant."
}

variable "table_arn" {
  type        = string
  default     = null
  description = "ARN of the table of secrets: credrender-setup's db_table_arn. Needed where a role states names or prefixes."
}

variable "reader_policy_arn" {
  type        = string
  default     = null
  description = "Managed policy for readers that state neither names nor prefixes: credrender-setup's reader_policy_arn."
}

variable "writer_policy_arn" {
  type        = string
  default     = null
  description = "Managed policy for writers that state neither names nor prefixes: credrender-setup's writer_policy_arn."
}

variable "readers" {
  type = map(object({
    role_arn         = string
    names            = optional(list(string), [])
    prefixes         = optional(list(string), [])
    version_names    = optional(list(string), [])
    version_prefixes = optional(list(string), [])
    scan             = optional(bool, false)
    contexts         = optional(list(map(string)), [])
    match            = optional(string, "equals")
    any_context      = optional(bool, false)
  }))
  default     = {}
  description = "Roles that read, by a name of your choice: the names or prefixes of their secrets, and the contexts that they may decrypt with, each whole. match = subset lets a request have more pairs; any_context lets it have any, or none, and takes the place of contexts. version_names, version_prefixes and scan are as in credrender-policy."

  validation {
    condition     = alltrue([for k in keys(var.readers) : can(regex("^[A-Za-z0-9_-]{1,64}$", k))])
    error_message = "A reader's key goes into names in AWS: letters, digits, _ and -, 64 at most."
  }
  validation {
    condition     = alltrue([for r in values(var.readers) : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.", r.role_arn))])
    error_message = "role_arn must be the ARN of an IAM role."
  }
  validation {
    condition     = alltrue([for r in values(var.readers) : contains(["equals", "subset"], r.match)])
    error_message = "match must be equals or subset."
  }
  validation {
    condition     = alltrue([for r in values(var.readers) : r.any_context ? length(r.contexts) == 0 : length(r.contexts) > 0])
    error_message = "State contexts, or any_context = true: a grant without a constraint allows every context."
  }
  validation {
    condition     = alltrue(flatten([for r in values(var.readers) : [for c in r.contexts : length(c) >= 1 && length(c) <= 8]]))
    error_message = "A context has 1 to 8 pairs, KMS's limit for a grant. A grant cannot demand that there is none: any_context, or a policy."
  }
  validation {
    condition     = alltrue(flatten([for r in values(var.readers) : [for c in r.contexts : [for v in values(c) : length(v) <= 384]]]))
    error_message = "A value in a context has 384 characters at most, KMS's limit for a grant."
  }
  validation {
    condition     = alltrue(flatten([for r in values(var.readers) : [for c in r.contexts : length(distinct([for k in keys(c) : lower(k)])) == length(c)]]))
    error_message = "Keys of a context that differ in case alone: grants ignore the case of keys."
  }
}

variable "writers" {
  type = map(object({
    role_arn    = string
    names       = optional(list(string), [])
    prefixes    = optional(list(string), [])
    contexts    = optional(list(map(string)), [])
    match       = optional(string, "equals")
    any_context = optional(bool, false)
  }))
  default     = {}
  description = "Roles that write, as readers are; a writer that must not read has no right to Decrypt."

  validation {
    condition     = alltrue([for k in keys(var.writers) : can(regex("^[A-Za-z0-9_-]{1,64}$", k))])
    error_message = "A writer's key goes into names in AWS: letters, digits, _ and -, 64 at most."
  }
  validation {
    condition     = alltrue([for r in values(var.writers) : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.", r.role_arn))])
    error_message = "role_arn must be the ARN of an IAM role."
  }
  validation {
    condition     = alltrue([for r in values(var.writers) : contains(["equals", "subset"], r.match)])
    error_message = "match must be equals or subset."
  }
  validation {
    condition     = alltrue([for r in values(var.writers) : r.any_context ? length(r.contexts) == 0 : length(r.contexts) > 0])
    error_message = "State contexts, or any_context = true: a grant without a constraint allows every context."
  }
  validation {
    condition     = alltrue(flatten([for r in values(var.writers) : [for c in r.contexts : length(c) >= 1 && length(c) <= 8]]))
    error_message = "A context has 1 to 8 pairs, KMS's limit for a grant. A grant cannot demand that there is none: any_context, or a policy."
  }
  validation {
    condition     = alltrue(flatten([for r in values(var.writers) : [for c in r.contexts : [for v in values(c) : length(v) <= 384]]]))
    error_message = "A value in a context has 384 characters at most, KMS's limit for a grant."
  }
  validation {
    condition     = alltrue(flatten([for r in values(var.writers) : [for c in r.contexts : length(distinct([for k in keys(c) : lower(k)])) == length(c)]]))
    error_message = "Keys of a context that differ in case alone: grants ignore the case of keys."
  }
}
