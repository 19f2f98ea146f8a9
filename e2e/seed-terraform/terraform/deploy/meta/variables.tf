variable "slug" {
  type    = string
  default = "seed-app"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.slug))
    error_message = "The slug starts with a letter and has letters, digits and dashes only."
  }
}

variable "tfc_organization" {
  type    = string
  default = "doge"
}

variable "gh_owner" {
  type    = string
  default = "doge"
}

variable "domain" {
  type = string
}

variable "do_token" {
  type      = string
  sensitive = true
}

variable "do_spaces_access_id" {
  type      = string
  sensitive = true
}

variable "do_spaces_secret_key" {
  type      = string
  sensitive = true
}

variable "gh_token" {
  type      = string
  sensitive = true
}

variable "tf_api_token" {
  type      = string
  sensitive = true
}
