terraform {
  required_version = ">= 1.3"

  cloud {
    organization = "doge"

    workspaces {
      name = "seed-app-meta"
    }
  }

  required_providers {
    tfe = {
      source  = "hashicorp/tfe"
      version = "~> 0.80"
    }
  }
}

provider "tfe" {
  token = var.tf_api_token
}

data "tfe_organization" "this" {
  name = var.tfc_organization
}

locals {
  # Only dotenv reads files that no other machine has.
  workspaces = {
    base   = { execution_mode = "remote", tags = ["base"] }
    dotenv = { execution_mode = "local", tags = ["dotenv"] }
    stage  = { execution_mode = "remote", tags = ["app", "stage"] }
    prod   = { execution_mode = "remote", tags = ["app", "prod"] }
  }

  remote = toset([for name, settings in local.workspaces : name if settings.execution_mode == "remote"])

  # What every remote workspace is given, by the variable set that carries it.
  shared = {
    digitalocean = {
      do_token             = var.do_token
      do_spaces_access_id  = var.do_spaces_access_id
      do_spaces_secret_key = var.do_spaces_secret_key
    }
    github = {
      gh_token = var.gh_token
    }
    terraform = {
      tf_api_token = var.tf_api_token
    }
  }
  keys = toset(flatten([for set, values in { for k, v in local.shared : k => keys(v) } : [for key in values : "${set}/${key}"]]))
}

resource "tfe_workspace" "this" {
  for_each = local.workspaces

  name           = "${var.slug}-${each.key}"
  organization   = data.tfe_organization.this.name
  execution_mode = each.value.execution_mode
  auto_apply     = false
  tag_names      = setunion(each.value.tags, [var.slug])
  # Modules lie beside the root configurations: the whole folder is uploaded.
  working_directory = "terraform/deploy/${each.key}"
  # The environments read what base made.
  global_remote_state = each.key == "base"
  force_delete        = true
}

resource "tfe_variable_set" "this" {
  for_each = toset(keys(local.shared))

  name         = "${var.slug}-${each.key}"
  description  = "Credentials of ${title(each.key)}"
  organization = data.tfe_organization.this.name
}

resource "tfe_variable" "shared" {
  for_each = local.keys

  key             = split("/", each.key)[1]
  value           = local.shared[split("/", each.key)[0]][split("/", each.key)[1]]
  category        = "terraform"
  sensitive       = true
  variable_set_id = tfe_variable_set.this[split("/", each.key)[0]].id
}

resource "tfe_workspace_variable_set" "this" {
  for_each = {
    for pair in setproduct(local.remote, toset(keys(local.shared))) : join("-", pair) => { workspace = pair[0], set = pair[1] }
  }

  workspace_id    = tfe_workspace.this[each.value.workspace].id
  variable_set_id = tfe_variable_set.this[each.value.set].id
}

resource "tfe_variable" "app" {
  for_each = {
    for pair in setproduct(local.remote, ["slug", "domain", "gh_owner", "tfc_organization"]) :
    join("-", pair) => { workspace = pair[0], key = pair[1] }
  }

  key = each.value.key
  value = {
    slug             = var.slug
    domain           = var.domain
    gh_owner         = var.gh_owner
    tfc_organization = var.tfc_organization
  }[each.value.key]
  category     = "terraform"
  workspace_id = tfe_workspace.this[each.value.workspace].id
}

output "workspace_ids" {
  value = { for name, workspace in tfe_workspace.this : name => workspace.id }
}
