"""Operations: keeps a deployment alive, with backup and restore, diagnosis, status and requeueing."""
