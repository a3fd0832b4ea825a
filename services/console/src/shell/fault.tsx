import { Component, type ReactNode } from 'react';
import { Problem } from '../ui/problem';

/** A page that fails is told, and does not take the others along. */
export class Fault extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <Problem error={this.state.error} onRetry={() => location.reload()} />;
  }
}
