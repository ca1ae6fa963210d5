locals {
  example = "${path.module}/../../../examples/nginx"

  # The example's own files; only its names, and where the store is, change.
  config = join("\n", [
    "region: ${var.region}",
    "table: ${module.setup.db_table_name}",
    replace(replace(replace(file("${local.example}/credrender.yaml"),
      "server_name: www.example.com", "server_name: ${var.server_name}"),
      "upstream: app.internal.example.com:8443", "upstream: ${var.upstream}"),
    "upstream_name: app.internal.example.com ", "upstream_name: ${split(":", var.upstream)[0]} "),
  ])

  user_data = templatefile("${path.module}/user-data.sh.tftpl", {
    install = module.setup.install_snippet
    files = {
      "credrender.yaml" = base64encode(local.config)
      "nginx.conf.tmpl" = filebase64("${local.example}/nginx.conf.tmpl")
      "htpasswd.tmpl"   = filebase64("${local.example}/htpasswd.tmpl")
    }
  })
}

module "setup" {
  source = "../../modules/credrender-setup"

  binary_url    = var.binary_url
  binary_sha256 = var.binary_sha256
}

module "grant" {
  source = "../../modules/credrender-grant"

  kms_key_arn = module.setup.kms_key_arn
  table_arn   = module.setup.db_table_arn

  readers = {
    web = {
      role_arn = aws_iam_role.web.arn
      names    = ["web.tls.crt", "web.tls.key", "web.upstream.ca", "web.upstream.password", "web.admin.password"]
      contexts = [{ Env = "prod", "app.tier" = "web" }]
    }
  }
}

resource "aws_iam_role" "web" {
  name_prefix = "credrender-web-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_instance_profile" "web" {
  name_prefix = "credrender-web-"
  role        = aws_iam_role.web.name
}

data "aws_vpc" "default" {
  default = true
}

resource "aws_security_group" "web" {
  name_prefix = "credrender-web-"
  description = "HTTP and HTTPS from the networks that may"
  vpc_id      = data.aws_vpc.default.id

  dynamic "ingress" {
    for_each = [80, 443]
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = var.allowed_cidrs
    }
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

# Debian's own account: https://wiki.debian.org/Cloud/AmazonEC2Image
data "aws_ami" "debian" {
  most_recent = true
  owners      = ["136693071363"]

  filter {
    name   = "name"
    values = ["debian-12-amd64-*"]
  }
}

resource "aws_instance" "web" {
  ami                         = data.aws_ami.debian.id
  instance_type               = var.instance_type
  iam_instance_profile        = aws_iam_instance_profile.web.name
  vpc_security_group_ids      = [aws_security_group.web.id]
  associate_public_ip_address = true
  user_data                   = local.user_data
  user_data_replace_on_change = true

  metadata_options {
    http_tokens = "required"
  }

  root_block_device {
    encrypted = true # rendered files hold secrets
  }

  lifecycle {
    ignore_changes = [ami]
    precondition {
      condition     = length(base64encode(local.user_data)) / 4 * 3 <= 16384
      error_message = "EC2 takes 16 KB of user data."
    }
  }

  # It renders at boot: waiting inside the instance is only for what AWS takes
  # to make a grant known.
  depends_on = [module.grant]
}
