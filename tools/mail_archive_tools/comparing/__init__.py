"""What is said of mail beside the mail: quotations, and one message beside another."""
