terraform {
  required_providers {
    digitalocean = {
      source = "digitalocean/digitalocean"
    }
    github = {
      source = "integrations/github"
    }
  }
}

locals {
  name = "${var.slug}-${var.environment}"
  host = var.subdomain == "@" ? var.domain : "${var.subdomain}.${var.domain}"
}

data "digitalocean_ssh_key" "this" {
  name = var.slug
}

resource "digitalocean_droplet" "this" {
  name      = local.name
  image     = var.droplet.image
  region    = var.droplet.region
  size      = var.droplet.size
  ssh_keys  = [data.digitalocean_ssh_key.this.id]
  user_data = var.user_data
  tags      = [var.slug, var.environment]

  lifecycle {
    create_before_destroy = true
  }
}

resource "digitalocean_spaces_bucket" "this" {
  name          = local.name
  region        = var.droplet.region
  acl           = "private"
  force_destroy = true

  cors_rule {
    allowed_methods = ["GET", "HEAD"]
    allowed_origins = ["https://${local.host}"]
    max_age_seconds = 3600
  }
}

resource "digitalocean_record" "a" {
  domain = var.domain
  type   = "A"
  name   = var.subdomain
  value  = digitalocean_droplet.this.ipv4_address
  ttl    = 300
}

resource "digitalocean_record" "www" {
  count = var.subdomain == "@" ? 1 : 0

  domain = var.domain
  type   = "CNAME"
  name   = "www"
  value  = "@"
}

resource "digitalocean_project_resources" "this" {
  project   = var.project_id
  resources = [digitalocean_droplet.this.urn, digitalocean_spaces_bucket.this.urn]
}

resource "github_repository_environment" "this" {
  repository  = var.slug
  environment = var.environment
}

resource "github_actions_environment_secret" "this" {
  for_each = nonsensitive(toset(concat(["DROPLET_HOST"], keys(var.env_files))))

  repository      = var.slug
  environment     = github_repository_environment.this.environment
  secret_name     = each.key
  plaintext_value = each.key == "DROPLET_HOST" ? digitalocean_droplet.this.ipv4_address : var.env_files[each.key]
}
