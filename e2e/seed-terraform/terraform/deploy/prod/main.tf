terraform {
  cloud {
    organization = "doge"

    workspaces {
      name = "seed-app-prod"
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

data "terraform_remote_state" "base" {
  backend = "remote"

  config = {
    organization = var.tfc_organization
    workspaces = {
      name = "${var.slug}-base"
    }
  }
}

module "app" {
  source = "../../modules/app"

  slug        = var.slug
  environment = "prod"
  domain      = var.domain
  subdomain   = "@"
  droplet     = { size = "s-1vcpu-2gb" }
  user_data   = data.terraform_remote_state.base.outputs.user_data
  project_id  = data.terraform_remote_state.base.outputs.project_id
  env_files   = jsondecode(var.env_file_map)
}

output "ipv4_address" {
  value = module.app.ipv4_address
}

output "fqdn" {
  value = module.app.fqdn
}
