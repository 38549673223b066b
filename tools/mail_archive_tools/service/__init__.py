"""Mail Manager through boto3."""
