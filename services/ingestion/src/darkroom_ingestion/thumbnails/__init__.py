"""Small WebP pictures of images, made in a process of their own, because files of clients may be hostile."""
