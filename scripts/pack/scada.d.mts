export function scada(): string;
