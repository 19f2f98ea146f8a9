terraform {
  cloud {
    organization = "doge"

    workspaces {
      name = "seed-app-base"
    }
  }

  required_providers {
    digitalocean = {
      source  = "digitalocean/digitalocean"
      version = "~> 2.99"
    }
    github = {
      source  = "integrations/github"
      version = "~> 6.13"
    }
    tls = {
      source  = "hashicorp/tls"
      version = "~> 4.2"
    }
  }
}

provider "digitalocean" {
  token             = var.do_token
  spaces_access_id  = var.do_spaces_access_id
  spaces_secret_key = var.do_spaces_secret_key
}

provider "github" {
  token = var.gh_token
  owner = var.gh_owner
}

module "base" {
  source = "../../modules/base"

  slug         = var.slug
  domain       = var.domain
  tf_api_token = var.tf_api_token
}

output "ssh_key_fingerprint" {
  value = module.base.ssh_key_fingerprint
}

output "project_id" {
  value = module.base.project_id
}

output "user_data" {
  value = module.base.user_data
}
