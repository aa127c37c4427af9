"""PostgreSQL: tables, unit of work, claims, queries and migrations. SQLAlchemy lives here alone."""
