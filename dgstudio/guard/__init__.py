"""What comes from others is measured, and made plain, before it is used or shown."""
