"""What dead destinations cost those that are well."""
