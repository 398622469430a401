// One look for all pages: system fonts with Japanese ones named, dense sizes, an indigo
// for what can be acted on. Meanings (red, amber, blue, grey) are variables in theme.css.
import {
  ActionIcon,
  Button,
  createTheme,
  localStorageColorSchemeManager,
  type MantineColorsTuple,
  Menu,
  Modal,
  NativeSelect,
  PasswordInput,
  Popover,
  SegmentedControl,
  Select,
  Textarea,
  TextInput,
  Tooltip,
} from '@mantine/core';

const ai: MantineColorsTuple = [
  '#eef3fa',
  '#dbe5f2',
  '#b5cae4',
  '#8caed7',
  '#6a96cb',
  '#5486c4',
  '#3f6fae',
  '#335d95',
  '#2b4c7e',
  '#1f3a63',
];

// Neutral with a breath of blue; Mantine takes its dark scheme's surfaces from here.
const dark: MantineColorsTuple = [
  '#d5d9e0',
  '#b4bac5',
  '#929aa8',
  '#6b7484',
  '#3d4552',
  '#313844',
  '#262c36',
  '#1b2028',
  '#151920',
  '#0f1217',
];

export const theme = createTheme({
  primaryColor: 'ai',
  primaryShade: { light: 7, dark: 6 },
  colors: { ai, dark },
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Hiragino Sans", "Hiragino Kaku Gothic ProN", "Noto Sans JP", "Noto Sans CJK JP", "Yu Gothic UI", Meiryo, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK JP", "Hiragino Sans", "Noto Sans JP", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: 'xs' } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray', size: 'md' } }),
    TextInput: TextInput.extend({ defaultProps: { size: 'xs' } }),
    Textarea: Textarea.extend({ defaultProps: { size: 'xs' } }),
    PasswordInput: PasswordInput.extend({ defaultProps: { size: 'xs' } }),
    NativeSelect: NativeSelect.extend({ defaultProps: { size: 'xs' } }),
    Select: Select.extend({ defaultProps: { size: 'xs' } }),
    SegmentedControl: SegmentedControl.extend({ defaultProps: { size: 'xs' } }),
    Tooltip: Tooltip.extend({
      defaultProps: {
        openDelay: 350,
        withArrow: true,
        multiline: true,
        maw: 420,
        transitionProps: { duration: 80 },
      },
    }),
    Popover: Popover.extend({ defaultProps: { shadow: 'md', transitionProps: { duration: 80 } } }),
    Menu: Menu.extend({
      defaultProps: {
        shadow: 'md',
        transitionProps: { duration: 80 },
        // A menu may hold items alone, and its first one takes the focus.
        withInitialFocusPlaceholder: false,
      },
    }),
    Modal: Modal.extend({ defaultProps: { transitionProps: { duration: 100 } } }),
  },
});

// public/color-scheme.js reads the same key before the first paint.
export const colorSchemeManager = localStorageColorSchemeManager({ key: 'yagura.scheme' });
