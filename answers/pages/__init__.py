"""The pages, one module per feature, and the forms that work without JavaScript."""
