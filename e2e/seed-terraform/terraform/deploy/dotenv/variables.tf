variable "slug" {
  type    = string
  default = "seed-app"
}

variable "tfc_organization" {
  type    = string
  default = "doge"
}

variable "tf_api_token" {
  type      = string
  sensitive = true
}
