export function OperationsPage({ id }: { id?: string | undefined }) {
  return <>{id}</>;
}
