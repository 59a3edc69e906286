"""Why a version was published, or was not: facts with fields, and the words for each where it is shown."""
