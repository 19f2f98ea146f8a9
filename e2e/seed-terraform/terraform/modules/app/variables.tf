variable "slug" {
  type = string
}

variable "environment" {
  type = string

  validation {
    condition     = contains(["stage", "prod"], var.environment)
    error_message = "The environment is stage or prod."
  }
}

variable "domain" {
  type = string
}

variable "subdomain" {
  type        = string
  default     = "@"
  description = "@ is the domain itself."
}

variable "droplet" {
  type = object({
    size   = optional(string, "s-1vcpu-1gb")
    region = optional(string, "fra1")
    image  = optional(string, "ubuntu-24-04-x64")
  })
  default = {}
}

variable "user_data" {
  type = string
}

variable "project_id" {
  type = string
}

variable "env_files" {
  type      = map(string)
  sensitive = true
}
