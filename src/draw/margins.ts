/** From the plot to the edges of its picture, px: who points at a picture has to know where its plot is. */
export const PLOT_MARGINS = { left: 84, right: 20 } as const
