"""What people look at: tables, study reports and model cards."""
