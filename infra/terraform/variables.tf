variable "project_id" {
  description = "The Google Cloud project that everything is created in."
  type        = string
}

variable "region" {
  description = "Where the image is kept and the job runs."
  type        = string
  default     = "europe-west1"
}

variable "firestore_location" {
  description = "Where the database is kept: a region, or a multi-region such as eur3. It can never be changed."
  type        = string
  default     = "europe-west1"
}

variable "database" {
  description = "The database's id. Only one named (default) has a free quota."
  type        = string
  default     = "(default)"
}

variable "image" {
  description = "The job's image, by digest: REGION-docker.pkg.dev/PROJECT/scrai/scrai@sha256:... Empty creates everything but the job, so that there is a place to push the first image to."
  type        = string
  default     = ""

  validation {
    condition     = var.image == "" || strcontains(var.image, "@sha256:")
    error_message = "Name the image by its digest, so that a run can be traced to what it ran."
  }
}

variable "simulations" {
  description = "Ids of the simulations that the job runs; they must exist."
  type        = list(string)
  default     = []
}

variable "tasks" {
  description = "Into how many tasks the simulations are divided; all run at the same time."
  type        = number
  default     = 1

  validation {
    condition     = var.tasks >= 1 && var.tasks <= 1000 && floor(var.tasks) == var.tasks
    error_message = "A whole number from 1 to 1000."
  }
}

variable "task_timeout" {
  description = "After how many seconds a task is stopped. It loses nothing that was committed."
  type        = number
  default     = 3600
}

variable "max_retries" {
  description = "How often Cloud Run starts a failed task again."
  type        = number
  default     = 3
}

variable "protect" {
  description = "Refuse to delete the database and the job."
  type        = bool
  default     = true
}
