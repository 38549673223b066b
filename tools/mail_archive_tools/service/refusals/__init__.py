"""What AWS or its SDK refuses, as our errors. Loads botocore."""
