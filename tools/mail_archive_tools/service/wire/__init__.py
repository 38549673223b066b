"""Between botocore and the wire: answers are whole before botocore reads them."""
