terraform {
  cloud {
    organization = "doge"

    workspaces {
      name = "seed-app-dotenv"
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

locals {
  folder = "${path.module}/../../../.envs"
  files = {
    for name, folder in { stage = ".staging", prod = ".production" } : name => {
      for file in fileset("${local.folder}/${folder}", ".*") :
      "${upper(name)}_${upper(trimprefix(file, "."))}" => filebase64("${local.folder}/${folder}/${file}")
    }
  }
}

data "tfe_workspace" "this" {
  for_each = local.files

  name         = "${var.slug}-${each.key}"
  organization = var.tfc_organization
}

resource "tfe_variable" "env_file_map" {
  for_each = data.tfe_workspace.this

  key          = "env_file_map"
  value        = jsonencode(each.key == "stage" ? merge(local.files.stage, local.files.prod) : local.files[each.key])
  category     = "terraform"
  description  = "Env files, base64"
  sensitive    = true
  workspace_id = each.value.id
}
