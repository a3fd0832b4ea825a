import { createTheme, type CSSVariablesResolver } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'cyan',
  // Dark enough for white words on it, by the measure of WCAG AA.
  primaryShade: { light: 9, dark: 9 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  components: {
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300 } },
    Modal: { defaultProps: { centered: true, returnFocus: true } },
  },
});

/** A button under the pointer: Mantine makes it lighter, too light for white words. */
const HOVER = { '--mantine-primary-color-filled-hover': '#095c6b', '--mantine-color-cyan-filled-hover': '#095c6b' };

/** Mantine's own quiet words are too faint, by the measure of WCAG AA, on cards and beside fields. */
export const resolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...HOVER,
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-dimmed': '#5c6670',
    '--mantine-color-placeholder': '#6b7580',
  },
  dark: { ...HOVER, '--mantine-color-dimmed': '#a9b1ba', '--mantine-color-placeholder': '#98a1ab' },
});
