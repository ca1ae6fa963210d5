terraform {
  required_version = ">= 1.3.0" # optional() with a default

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}
