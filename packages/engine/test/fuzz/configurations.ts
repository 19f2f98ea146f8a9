/** What mutation starts from: one of each block. */
export const configurations: readonly string[] = [
  `variable "name" {
  type    = string
  default = "web"
  validation {
    condition     = length(var.name) > 0
    error_message = "A name is needed."
  }
}
`,
  `locals {
  a = { for k, v in { x = 1 } : k => v if v > 0 }
  b = [for i in range(3) : "n\${i}"]
}
output "b" {
  value     = local.b[*]
  sensitive = true
}
`,
  `resource "memory_server" "web" {
  count = 2
  name  = "web-\${count.index}"
  tags  = toset(["a", "b"])
  disk {
    gigabytes = 10
  }
  lifecycle {
    create_before_destroy = true
    ignore_changes        = [tags]
  }
}
`,
  `resource "memory_server" "each" {
  for_each = { a = 1, b = 2 }
  name     = each.key
  size     = each.value
  dynamic "disk" {
    for_each = [1, 2]
    content {
      gigabytes = disk.value
    }
  }
  depends_on = [memory_server.web]
}
`,
  `output "text" {
  value = <<-EOT
    %{ for x in ["a", "b"] ~}
    item \${x}
    %{ endfor ~}
  EOT
}
check "name" {
  assert {
    condition     = 1 == 1
    error_message = "never"
  }
}
moved {
  from = memory_server.old
  to   = memory_server.web
}
`,
  `{"resource":{"memory_server":{"web":{"name":"\${var.name}","disk":[{"gigabytes":1}]}}},"variable":{"name":{"default":"x"}}}`,
  `{"locals":{"a":["\${1 + 1}",{"b":null}]},"output":{"a":{"value":"\${local.a[0]}"}}}`,
];
