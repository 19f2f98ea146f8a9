variable "slug" {
  type = string
}

variable "domain" {
  type = string
}

variable "tf_api_token" {
  type      = string
  sensitive = true
}

variable "droplet_user" {
  type    = string
  default = "doge"
}

variable "protected_branches" {
  description = "Branches by name, with the checks that must pass."
  type        = map(list(string))
  default = {
    develop = ["ci"]
    stage   = ["plan"]
    main    = ["plan"]
  }
}
