"""What a session lets one take along: its examples, its model, a report; written whole or not at all."""
