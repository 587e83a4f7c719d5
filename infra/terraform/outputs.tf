output "repository" {
  description = "Where to push the image to."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.scrai.repository_id}"
}

output "worker" {
  description = "The service account that the job runs as."
  value       = google_service_account.worker.email
}

output "database" {
  description = "The database's id: the setting `database`, SCRAI_DATABASE."
  value       = google_firestore_database.main.name
}

output "job" {
  description = "The job to execute, or null as long as there is no image."
  value       = one(google_cloud_run_v2_job.simulations[*].name)
}
