# The pipeline as Terraform would have it: for docs/comparison.md's count of lines. Formatted as `terraform fmt` does, no
# modules, everything that `windops setup` makes and nothing more. The jar and the two functions' zips are taken as built.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "region" { default = "us-east-1" }
variable "emails" { default = ["operator@example.org"] }
variable "min_score" { default = "2" }

provider "aws" {
  region = var.region
  default_tags { tags = { "windops:pipeline" = "windops" } }
}

data "aws_caller_identity" "me" {}

locals {
  account = data.aws_caller_identity.me.account_id
  logs    = "arn:aws:logs:${var.region}:${local.account}:log-group"
  trust = { for name, service in {
    flink       = "kinesisanalytics.amazonaws.com"
    destination = "lambda.amazonaws.com"
    delivery    = "lambda.amazonaws.com"
    schedule    = "scheduler.amazonaws.com"
    } : name => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = service }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      }]
  }) }
  rights = {
    flink = [
      { actions = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"], on = [aws_kinesis_stream.input.arn] },
      { actions = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecords"], on = [aws_kinesis_stream.output.arn] },
      { actions = ["s3:GetObject", "s3:GetObjectVersion"], on = ["${aws_s3_bucket.pipeline.arn}/AnomalyDetection.jar"] },
      { actions = ["logs:DescribeLogStreams"], on = ["${aws_cloudwatch_log_group.flink.arn}:*"] },
      { actions = ["logs:PutLogEvents"], on = ["${aws_cloudwatch_log_group.flink.arn}:log-stream:*"] },
    ]
    destination = [
      { actions = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards", "kinesis:ListStreams", "kinesis:SubscribeToShard"], on = [aws_kinesis_stream.output.arn] },
      { actions = ["dynamodb:BatchWriteItem"], on = [aws_dynamodb_table.readings.arn, aws_dynamodb_table.alerts.arn] },
      { actions = ["s3:PutObject"], on = ["${aws_s3_bucket.pipeline.arn}/quarantine/*", "${aws_s3_bucket.pipeline.arn}/aws/lambda/*"] },
      { actions = ["s3:ListBucket"], on = [aws_s3_bucket.pipeline.arn] },
      { actions = ["lambda:InvokeFunction"], on = [aws_lambda_function.delivery.arn] },
      { actions = ["logs:CreateLogStream", "logs:PutLogEvents"], on = ["${local.logs}:/aws/lambda/AnalyticsDestinationFunction:log-stream:*"] },
    ]
    delivery = [
      { actions = ["dynamodb:Query", "dynamodb:Scan"], on = [aws_dynamodb_table.readings.arn, "${aws_dynamodb_table.readings.arn}/index/*"] },
      { actions = ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"], on = [aws_dynamodb_table.alerts.arn] },
      { actions = ["sns:Publish"], on = [aws_sns_topic.notification.arn] },
      { actions = ["logs:CreateLogStream", "logs:PutLogEvents"], on = ["${local.logs}:/aws/lambda/AnomalyMessageDeliveryFunction:log-stream:*"] },
    ]
    schedule = [{ actions = ["lambda:InvokeFunction"], on = [aws_lambda_function.delivery.arn] }]
  }
}

# S3
resource "aws_s3_bucket" "pipeline" {
  bucket        = "kinesis-flink-${local.account}-${var.region}"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "pipeline" {
  bucket = aws_s3_bucket.pipeline.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "pipeline" {
  bucket = aws_s3_bucket.pipeline.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}

resource "aws_s3_bucket_public_access_block" "pipeline" {
  bucket                  = aws_s3_bucket.pipeline.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "pipeline" {
  bucket = aws_s3_bucket.pipeline.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.pipeline.arn, "${aws_s3_bucket.pipeline.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_s3_bucket_lifecycle_configuration" "pipeline" {
  bucket = aws_s3_bucket.pipeline.id
  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration { noncurrent_days = 30 }
  }
  rule {
    id     = "quarantine"
    status = "Enabled"
    filter { prefix = "quarantine/" }
    expiration { days = 90 }
  }
  rule {
    id     = "failed-batches"
    status = "Enabled"
    filter { prefix = "aws/lambda/" }
    expiration { days = 90 }
  }
  rule {
    id     = "parts"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload { days_after_initiation = 1 }
  }
}

resource "aws_s3_object" "jar" {
  bucket = aws_s3_bucket_versioning.pipeline.bucket
  key    = "AnomalyDetection.jar"
  source = "AnomalyDetection.jar"
  etag   = filemd5("AnomalyDetection.jar")
}

# Kinesis
resource "aws_kinesis_stream" "input" {
  name                      = "WindDataStream"
  shard_count               = 1
  retention_period          = 24
  encryption_type           = "KMS"
  kms_key_id                = "alias/aws/kinesis"
  enforce_consumer_deletion = true
}

resource "aws_kinesis_stream" "output" {
  name                      = "AnomalyDetectionStream"
  shard_count               = 1
  retention_period          = 24
  encryption_type           = "KMS"
  kms_key_id                = "alias/aws/kinesis"
  enforce_consumer_deletion = true
}

# DynamoDB
resource "aws_dynamodb_table" "readings" {
  name         = "WindDataTable"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "turbine_id"
  range_key    = "timestamp"
  attribute {
    name = "turbine_id"
    type = "S"
  }
  attribute {
    name = "timestamp"
    type = "S"
  }
  attribute {
    name = "anomaly_partition"
    type = "S"
  }
  global_secondary_index {
    name            = "AnomalyIndex"
    hash_key        = "anomaly_partition"
    range_key       = "timestamp"
    projection_type = "ALL"
  }
  server_side_encryption { enabled = true }
  point_in_time_recovery { enabled = true }
}

resource "aws_dynamodb_table" "alerts" {
  name         = "WindDataTableAlerts"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"
  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "sk"
    type = "S"
  }
  server_side_encryption { enabled = true }
  point_in_time_recovery { enabled = true }
}

# SNS
resource "aws_sns_topic" "notification" { name = "AnomalyNotification" }

resource "aws_sns_topic" "health" { name = "AnomalyNotification-Health" }

resource "aws_sns_topic_subscription" "operator" {
  for_each = { for pair in setproduct([aws_sns_topic.notification.arn, aws_sns_topic.health.arn], var.emails) :
  join(" ", pair) => pair }
  topic_arn = each.value[0]
  protocol  = "email"
  endpoint  = each.value[1]
}

# IAM
resource "aws_iam_role" "part" {
  for_each           = local.trust
  name               = "windops-${each.key}-${var.region}"
  assume_role_policy = each.value
}

resource "aws_iam_role_policy" "part" {
  for_each = local.rights
  role     = aws_iam_role.part[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for right in each.value : { Effect = "Allow", Action = right.actions, Resource = right.on }]
  })
}

# Logs
resource "aws_cloudwatch_log_group" "flink" {
  name              = "/aws/kinesis-analytics/AnomalyDetection"
  retention_in_days = 30
}

resource "aws_cloudwatch_log_stream" "flink" {
  name           = "kinesis-analytics-log-stream"
  log_group_name = aws_cloudwatch_log_group.flink.name
}

resource "aws_cloudwatch_log_group" "function" {
  for_each          = toset(["AnalyticsDestinationFunction", "AnomalyMessageDeliveryFunction"])
  name              = "/aws/lambda/${each.key}"
  retention_in_days = 30
}

# Lambda
resource "aws_lambda_function" "destination" {
  function_name    = "AnalyticsDestinationFunction"
  role             = aws_iam_role.part["destination"].arn
  runtime          = "nodejs22.x"
  handler          = "index.handler"
  filename         = "destination.zip"
  source_code_hash = filebase64sha256("destination.zip")
  timeout          = 60
  memory_size      = 256
  environment {
    variables = {
      OUTPUT_TABLE_NAME      = aws_dynamodb_table.readings.name
      MIN_SCORE              = var.min_score
      ALERT_TABLE_NAME       = aws_dynamodb_table.alerts.name
      DELIVERY_FUNCTION_NAME = aws_lambda_function.delivery.function_name
      QUARANTINE_BUCKET      = aws_s3_bucket.pipeline.id
    }
  }
  depends_on = [aws_cloudwatch_log_group.function]
}

resource "aws_lambda_function" "delivery" {
  function_name    = "AnomalyMessageDeliveryFunction"
  role             = aws_iam_role.part["delivery"].arn
  runtime          = "nodejs22.x"
  handler          = "index.handler"
  filename         = "delivery.zip"
  source_code_hash = filebase64sha256("delivery.zip")
  timeout          = 60
  memory_size      = 256
  environment {
    variables = {
      OUTPUT_TABLE_NAME = aws_dynamodb_table.readings.name
      SNS_TOPIC_ARN     = aws_sns_topic.notification.arn
      MIN_SCORE         = var.min_score
      ALERT_TABLE_NAME  = aws_dynamodb_table.alerts.name
      NOTIFY            = "anomaly"
      QUIET_SECONDS     = "900"
      COOLDOWN_SECONDS  = "0"
      DIGEST_SECONDS    = "0"
      CALM_NOTICE       = "false"
    }
  }
  depends_on = [aws_cloudwatch_log_group.function]
}

resource "aws_lambda_event_source_mapping" "scored" {
  event_source_arn               = aws_kinesis_stream.output.arn
  function_name                  = aws_lambda_function.destination.arn
  starting_position              = "TRIM_HORIZON"
  batch_size                     = 500
  bisect_batch_on_function_error = true
  function_response_types        = ["ReportBatchItemFailures"]
  maximum_retry_attempts         = -1
  maximum_record_age_in_seconds  = -1
  parallelization_factor         = 1
  destination_config {
    on_failure { destination_arn = aws_s3_bucket.pipeline.arn }
  }
  depends_on = [aws_iam_role_policy.part]
}

# Managed Flink
resource "aws_kinesisanalyticsv2_application" "scoring" {
  name                   = "AnomalyDetection"
  runtime_environment    = "FLINK-2_2"
  service_execution_role = aws_iam_role.part["flink"].arn
  start_application      = true
  application_configuration {
    application_code_configuration {
      code_content_type = "ZIPFILE"
      code_content {
        s3_content_location {
          bucket_arn     = aws_s3_bucket.pipeline.arn
          file_key       = aws_s3_object.jar.key
          object_version = aws_s3_object.jar.version_id
        }
      }
    }
    application_snapshot_configuration { snapshots_enabled = true }
    environment_properties {
      property_group {
        property_group_id = "project"
        property_map = {
          inputStreamName  = aws_kinesis_stream.input.name
          outputStreamName = aws_kinesis_stream.output.name
          ouputStreamName  = aws_kinesis_stream.output.name
          region           = var.region
        }
      }
    }
    flink_application_configuration {
      parallelism_configuration {
        configuration_type   = "CUSTOM"
        parallelism          = 1
        parallelism_per_kpu  = 1
        auto_scaling_enabled = true
      }
      monitoring_configuration {
        configuration_type = "CUSTOM"
        metrics_level      = "APPLICATION"
        log_level          = "INFO"
      }
      checkpoint_configuration {
        configuration_type            = "CUSTOM"
        checkpointing_enabled         = true
        checkpoint_interval           = 60000
        min_pause_between_checkpoints = 5000
      }
    }
    run_configuration {
      application_restore_configuration { application_restore_type = "RESTORE_FROM_LATEST_SNAPSHOT" }
    }
  }
  cloudwatch_logging_options { log_stream_arn = aws_cloudwatch_log_stream.flink.arn }
  depends_on = [aws_iam_role_policy.part]
}

# Scheduler
resource "aws_scheduler_schedule_group" "windops" { name = "windops" }

resource "aws_scheduler_schedule" "delivery" {
  name                = "AnomalyMessageDelivery"
  group_name          = aws_scheduler_schedule_group.windops.name
  schedule_expression = "rate(1 minute)"
  flexible_time_window { mode = "OFF" }
  target {
    arn      = aws_lambda_function.delivery.arn
    role_arn = aws_iam_role.part["schedule"].arn
    input    = jsonencode({ look = "waiting" })
    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }
}

# CloudWatch
locals {
  alarms = {
    no-readings    = { namespace = "AWS/Kinesis", metric = "IncomingRecords", of = { StreamName = aws_kinesis_stream.input.name }, missing = "breaching" }
    no-scores      = { namespace = "AWS/Kinesis", metric = "IncomingRecords", of = { StreamName = aws_kinesis_stream.output.name }, missing = "breaching" }
    no-delivery    = { namespace = "AWS/Lambda", metric = "Invocations", of = { FunctionName = aws_lambda_function.delivery.function_name }, missing = "breaching" }
    delivery-fails = { namespace = "AWS/Lambda", metric = "Errors", of = { FunctionName = aws_lambda_function.delivery.function_name }, above = 0, minutes = 5, missing = "notBreaching" }
    storing-behind = { namespace = "AWS/Lambda", metric = "IteratorAge", of = { FunctionName = aws_lambda_function.destination.function_name }, above = 900000, minutes = 5, statistic = "Maximum", missing = "notBreaching" }
  }
}

resource "aws_cloudwatch_metric_alarm" "health" {
  for_each            = local.alarms
  alarm_name          = "windops-${each.key}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.of
  statistic           = try(each.value.statistic, "Sum")
  period              = 60
  evaluation_periods  = try(each.value.minutes, 15)
  comparison_operator = can(each.value.above) ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = try(each.value.above, 1)
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.health.arn]
}
