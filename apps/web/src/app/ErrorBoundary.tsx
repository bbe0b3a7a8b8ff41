import { Component, type ReactNode } from 'react';
import { ErrorNote } from '../shared/ui/ErrorNote';

/** Keeps a page that breaks from taking the lights and the other pages with it. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return <ErrorNote error={this.state.error} onRetry={() => this.setState({ error: null })} />;
  }
}
