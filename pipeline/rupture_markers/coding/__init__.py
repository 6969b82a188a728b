"""How people code: Label Studio tasks and client, assignment of coders, codings."""
