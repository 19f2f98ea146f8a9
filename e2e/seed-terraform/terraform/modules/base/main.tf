terraform {
  required_providers {
    digitalocean = {
      source = "digitalocean/digitalocean"
    }
    github = {
      source = "integrations/github"
    }
    tls = {
      source = "hashicorp/tls"
    }
  }
}

resource "tls_private_key" "ssh" {
  algorithm = "ED25519"
}

resource "digitalocean_ssh_key" "this" {
  name       = var.slug
  public_key = tls_private_key.ssh.public_key_openssh
}

resource "digitalocean_domain" "this" {
  name = var.domain
}

resource "digitalocean_project" "this" {
  name        = var.slug
  description = "Everything of ${var.slug}"
  purpose     = "Web Application"
  environment = "Production"
}

data "github_repository" "this" {
  name = var.slug
}

resource "github_actions_secret" "this" {
  for_each = {
    SSH_KEY      = tls_private_key.ssh.private_key_openssh
    TF_API_TOKEN = var.tf_api_token
    DROPLET_USER = var.droplet_user
  }

  repository      = data.github_repository.this.name
  secret_name     = each.key
  plaintext_value = each.value
}

resource "github_branch" "stage" {
  repository    = data.github_repository.this.name
  branch        = "stage"
  source_branch = "main"
}

resource "github_branch" "develop" {
  repository    = data.github_repository.this.name
  branch        = "develop"
  source_branch = github_branch.stage.branch
}

resource "github_branch_protection" "this" {
  for_each = var.protected_branches

  repository_id = data.github_repository.this.node_id
  pattern       = each.key

  dynamic "required_status_checks" {
    for_each = length(each.value) > 0 ? [each.value] : []
    content {
      strict   = true
      contexts = required_status_checks.value
    }
  }

  depends_on = [github_branch.develop]
}
