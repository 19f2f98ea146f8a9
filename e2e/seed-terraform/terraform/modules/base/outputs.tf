output "ssh_key_fingerprint" {
  value = digitalocean_ssh_key.this.fingerprint
}

output "ssh_public_key" {
  value = trimspace(tls_private_key.ssh.public_key_openssh)
}

output "project_id" {
  value = digitalocean_project.this.id
}

output "user_data" {
  value = templatefile("${path.module}/files/cloud-init.tftpl", {
    user   = var.droplet_user
    key    = trimspace(tls_private_key.ssh.public_key_openssh)
    folder = "/home/${var.droplet_user}/app"
  })
}
