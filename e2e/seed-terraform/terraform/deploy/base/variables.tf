variable "slug" {
  type = string
}

variable "domain" {
  type = string
}

variable "gh_owner" {
  type = string
}

variable "tfc_organization" {
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
