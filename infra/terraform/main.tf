resource "google_project_service" "needed" {
  for_each = toset([
    "artifactregistry.googleapis.com",
    "firebaserules.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "run.googleapis.com",
  ])

  service            = each.value
  disable_on_destroy = false
}

resource "google_artifact_registry_repository" "scrai" {
  #checkov:skip=CKV_GCP_84:The image holds public code only; Google's own keys encrypt it.
  repository_id = "scrai"
  location      = var.region
  format        = "DOCKER"
  description   = "Images of ScrAI."

  docker_config {
    immutable_tags = true
  }

  depends_on = [google_project_service.needed]
}

resource "google_service_account" "worker" {
  account_id   = "scrai-worker"
  display_name = "ScrAI worker"
  description  = "What the job runs as. Reads and writes documents, and nothing else."

  depends_on = [google_project_service.needed]
}

resource "google_project_iam_member" "worker_documents" {
  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.worker.member

  condition {
    title       = "only ScrAI's database"
    description = "The worker reaches no other database of the project."
    expression  = "resource.name == \"projects/${var.project_id}/databases/${var.database}\""
  }
}

resource "google_cloud_run_v2_job" "simulations" {
  count = var.image == "" ? 0 : 1

  name                = "scrai-simulations"
  location            = var.region
  deletion_protection = var.protect

  template {
    task_count  = var.tasks
    parallelism = var.tasks

    template {
      service_account = google_service_account.worker.email
      max_retries     = var.max_retries
      timeout         = "${var.task_timeout}s"

      containers {
        image   = var.image
        command = ["scrai-task"]
        args    = var.simulations

        env {
          name  = "GOOGLE_CLOUD_PROJECT"
          value = var.project_id
        }

        env {
          name  = "SCRAI_DATABASE"
          value = var.database
        }

        resources {
          limits = {
            cpu    = "1"
            memory = "512Mi"
          }
        }
      }
    }
  }

  depends_on = [
    google_project_iam_member.worker_documents,
    google_firestore_index.declared,
    google_firestore_field.declared,
  ]
}
